use clap::{Args, ValueEnum};

/// Flags of every command that stores a credential, about storing where it is instead.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct SecretRefArgs {
    /// Store the credential itself, or a reference to where it is kept [default: plaintext; with --secret-ref, ref]
    #[arg(long, value_name = "MODE", ignore_case = true)]
    pub secret_input_mode: Option<SecretInputMode>,
    /// Where the credential is kept: `env:NAME`, `file:PROVIDER:/pointer` or `exec:PROVIDER:id` [default: asks, with the mode ref]
    #[arg(long, value_name = "WHERE")]
    pub secret_ref: Option<String>,
}

/// What is stored of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SecretInputMode {
    /// The credential itself
    Plaintext,
    /// Where it is kept; it is looked up at every use
    Ref,
}
