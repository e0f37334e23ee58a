//! What stands behind the pages of a test: a home, a sandbox, a gateway, and a way in.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use fased::anthropic::NetworkPolicy;
use fased::auth::oauth::refresh::InFlight;
use fased::auth::reference::Programs;
use fased::clock::{ManualClock, SystemClock};
use fased::config::Paths;
use fased::env::Env;
use fased::gateway::settings::Asked;
use fased::gateway::{Gateway, GatewayOptions};
use tokio::sync::oneshot;

use super::support::{NOW, TestEnv, TestGateway, TestSandbox};
use super::tab::{Tab, Visitor};

/// A home with a gateway that asks a sandbox, people signing in there too.
pub(crate) struct House {
    pub(crate) gateway: TestGateway,
    pub(crate) env: TestEnv,
    pub(crate) sandbox: TestSandbox,
}

impl House {
    /// One in which nothing is set up.
    pub(crate) fn empty() -> Self {
        Self::with(|_| {})
    }

    /// One that is set up before its gateway starts.
    pub(crate) fn with(set_up: impl FnOnce(&mut TestEnv)) -> Self {
        // Pages count down by the browser's clock, so everybody has the same.
        let sandbox = TestSandbox::start_with(|options| options.clock = Arc::new(SystemClock::new()));
        let mut env = TestEnv::with_sign_in(&sandbox);
        env.set("FASED_NOW", "");
        set_up(&mut env);
        let gateway = TestGateway::start(&env);
        Self { gateway, env, sandbox }
    }

    /// The address of a page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.gateway.url())
    }

    /// A browser that signed in by a link, at a page.
    pub(crate) fn visit(&self, path: &str) -> (Visitor, Tab) {
        let visitor = Visitor::new();
        let tab = enter(&visitor, &self.env);
        tab.go(&self.at(path));
        (visitor, tab)
    }
}

/// A link that signs a browser in.
pub(crate) fn dashboard_link(env: &TestEnv) -> String {
    // Ports are masked in what runs of the program answer, and this one is needed.
    let mut run = env.command(["dashboard", "--no-browser"]).start();
    run.stdout_until("\n");
    let link = run.stdout_so_far().trim().to_owned();
    run.finish().exits(0);
    link
}

/// Signs a browser in by a link, and returns its tab when it is in.
pub(crate) fn enter(visitor: &Visitor, env: &TestEnv) -> Tab {
    let tab = visitor.open(&dashboard_link(env));
    tab.until("location.pathname !== '/login' && document.readyState === 'complete'");
    tab
}

/// A gateway in this process, whose clock the test moves.
pub(crate) struct Inside {
    pub(crate) url: String,
    pub(crate) clock: Arc<ManualClock>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Inside {
    pub(crate) fn start(env: &TestEnv) -> Self {
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let options = GatewayOptions {
            asked: Asked { port: Some(0), bind: None },
            env: Env::from_pairs(env.variables().clone()),
            paths: Paths::below(env.home()),
            network: NetworkPolicy::LoopbackOnly,
            clock: clock.clone(),
            in_flight: InFlight::default(),
            programs: Programs::default(),
        };
        let (report, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let gateway = Gateway::start(options).await.unwrap();
                report.send(gateway.instance().url.clone()).unwrap();
                stopped.await.ok();
                gateway.stop(Duration::ZERO).await;
            });
            runtime.shutdown_background();
        });
        Self { url: started.recv().unwrap(), clock, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}
