//! A sandbox in this process, on a thread of its own.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use fased::clock::SystemClock;
use fased::sandbox::requests::RecordedRequest;
use fased::sandbox::{RunningSandbox, Sandbox, SandboxOptions};
use tokio::sync::oneshot;

use super::NOW;

/// Runs until it is dropped.
pub(crate) struct TestSandbox {
    sandbox: Arc<RunningSandbox>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestSandbox {
    pub(crate) fn start() -> Self {
        let (report, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let clock = SystemClock::standing_at(NOW.parse().unwrap());
                let sandbox = Sandbox::start(SandboxOptions::new(Arc::new(clock))).await.unwrap();
                report.send(Arc::new(sandbox)).unwrap();
                stopped.await.ok();
            });
            // Answers that hang on purpose would never end.
            runtime.shutdown_background();
        });
        Self { sandbox: started.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        self.sandbox.url()
    }

    /// What arrived, credentials masked.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.sandbox.requests()
    }

    /// The last request for messages.
    pub(crate) fn last_message(&self) -> RecordedRequest {
        self.requests().into_iter().rfind(|request| request.path == "/v1/messages").unwrap()
    }
}

impl Drop for TestSandbox {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}
