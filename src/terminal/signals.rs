//! Signals by which a person or a system ends a process.

/// How the end of a process is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedToEnd {
    /// By Ctrl-C, which is about what is being done.
    Interrupt,
    /// By termination or a hang-up, which is about the process.
    Terminate,
}

/// Listens from now on for signals that ask the process to end - Ctrl-C, and on Unix also a hang-up or termination -
/// and ends with the first one. Once it was called they no longer end the process by themselves. Where a signal cannot be
/// listened for it keeps its usual effect. Must be called within a runtime.
#[cfg(unix)]
pub fn asked_to_end() -> impl Future<Output = AskedToEnd> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let [interrupt, hangup, terminate] =
        [SignalKind::interrupt(), SignalKind::hangup(), SignalKind::terminate()].map(signal);
    let comes = async |signal: std::io::Result<tokio::signal::unix::Signal>| match signal {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    async move {
        tokio::select! {
            () = comes(interrupt) => AskedToEnd::Interrupt,
            () = comes(hangup) => AskedToEnd::Terminate,
            () = comes(terminate) => AskedToEnd::Terminate,
        }
    }
}

/// Listens for Ctrl-C, and ends with it.
#[cfg(not(unix))]
pub fn asked_to_end() -> impl Future<Output = AskedToEnd> + Send + 'static {
    async {
        tokio::signal::ctrl_c().await.ok();
        AskedToEnd::Interrupt
    }
}
