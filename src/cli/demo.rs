use clap::Args;

/// Flags of `fased demo`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DemoArgs {}
