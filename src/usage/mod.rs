//! What an answer cost and who paid: [`price`] turns token counts into micro-dollars, [`receipt`] keeps them with the
//! answer's circumstances.

pub mod price;
pub mod receipt;
