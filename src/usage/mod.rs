//! What answers cost and who paid: [`price`] turns token counts into micro-dollars, [`receipt`] keeps them with the
//! circumstances of one answer, [`recording`] makes a row of it for the [`ledger`] from what was [`said`], [`summary`] adds rows up over a
//! [`period`], and [`csv`] writes such sums down.

pub mod csv;
pub mod ledger;
pub mod period;
pub mod price;
pub mod receipt;
pub mod recording;
pub mod said;
pub mod summary;
