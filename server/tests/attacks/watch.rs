//! Measures the effect of an attack on others: memory, `/healthz`, and another session's list.

use std::io::Write as _;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, Request};
use crate::mailserver::MailServer;
use crate::product::Product;

/// Maximum growth of the process under one attack, in bytes.
pub(crate) const GROWTH_MAX_BYTES: u64 = 64 << 20;
/// Maximum growth, in bytes, that may remain after [`RELEASE_TIMEOUT`].
const RETAINED_MAX_BYTES: u64 = 16 << 20;
/// Time after which [`RETAINED_MAX_BYTES`] must hold.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(60);
/// Time without a response after which the service counts as dead, on any machine.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval between the requests of the probe during an attack.
const PROBE_INTERVAL: Duration = Duration::from_millis(100);

/// Another user, whose list is requested during an attack.
pub(crate) struct Probe {
    client: Client,
    list: String,
    _server: Option<MailServer>,
    baseline: Duration,
}

impl Probe {
    /// Signs in at a valid server that the product may reach, and warms up the caches.
    pub(crate) async fn new(product: &Product, server: &MailServer) -> Self {
        let mut client = product.signed_in(server).await;
        let mail = client.get("/mail").await;
        let list = mail.header("location").expect("the inbox").to_owned();
        let mut times = Vec::new();
        for _ in 0..20 {
            times.push(timed_get(&mut client, &list).await);
        }
        Self {
            client,
            list,
            _server: None,
            baseline: median(&mut times),
        }
    }
}

async fn timed_get(client: &mut Client, path: &str) -> Duration {
    let started = Instant::now();
    let response = tokio::time::timeout(RESPONSE_TIMEOUT, client.get(path))
        .await
        .unwrap_or_else(|_| panic!("{path} was not answered within {RESPONSE_TIMEOUT:?}"));
    assert_eq!(response.status, 200, "{path}: {}", response.text());
    started.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A running attack.
pub(crate) struct Watch<'a> {
    name: &'static str,
    product: &'a Product,
    before_bytes: u64,
    stop: CancellationToken,
    probing: JoinHandle<(Vec<Duration>, Vec<Duration>)>,
    baseline: Duration,
}

impl<'a> Watch<'a> {
    /// Begins: memory is measured from now on, and the probe sends requests until the attack
    /// ends.
    pub(crate) fn begin(name: &'static str, product: &'a Product, probe: Probe) -> Self {
        product.reset_peak();
        let before_bytes = product.resident_bytes();
        let stop = CancellationToken::new();
        let (stopped, baseline) = (stop.clone(), probe.baseline);
        let mut anonymous = product.client();
        let probing = tokio::spawn(async move {
            let Probe {
                mut client, list, ..
            } = probe;
            let (mut lists, mut healths) = (Vec::new(), Vec::new());
            loop {
                lists.push(timed_get(&mut client, &list).await);
                healths.push(timed_get(&mut anonymous, "/healthz").await);
                if stopped
                    .run_until_cancelled(tokio::time::sleep(PROBE_INTERVAL))
                    .await
                    .is_none()
                {
                    return (lists, healths);
                }
            }
        });
        Self {
            name,
            product,
            before_bytes,
            stop,
            probing,
            baseline,
        }
    }

    /// Ends: prints the figures, and fails if the process grew over 64 MiB or retained over 16 MiB
    /// of it, or if the probe got no response.
    pub(crate) async fn end(self, what: &str) {
        self.end_within(what, GROWTH_MAX_BYTES, RETAINED_MAX_BYTES)
            .await;
    }

    /// The same with other limits, for the growth and for the retained part.
    pub(crate) async fn end_within(
        self,
        what: &str,
        growth_max_bytes: u64,
        retained_max_bytes: u64,
    ) {
        let Self {
            name,
            product,
            before_bytes,
            stop,
            probing,
            baseline,
        } = self;
        stop.cancel();
        let (mut lists, healths) = probing.await.expect("everybody else is answered");
        let worst = lists.iter().max().copied().unwrap_or_default();
        let during = median(&mut lists);
        let health = healths.iter().max().copied().unwrap_or_default();
        let peak_bytes = product.peak_bytes();
        let ended = Instant::now();
        let mut after_bytes = product.resident_bytes();
        while after_bytes > before_bytes + retained_max_bytes && ended.elapsed() < RELEASE_TIMEOUT {
            tokio::time::sleep(Duration::from_millis(250)).await;
            after_bytes = product.resident_bytes();
        }
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        // Not `println`, which the test runner captures.
        let _ = writeln!(
            std::io::stderr(),
            "attack {name}: {what}; memory {:.1} MiB, peak {:.1}, after {} s {:.1}; another's list \
             {:.1} ms (usual {:.1}, worst {:.1}), healthz at most {:.1} ms",
            mib(before_bytes),
            mib(peak_bytes),
            ended.elapsed().as_secs(),
            mib(after_bytes),
            ms(during),
            ms(baseline),
            ms(worst),
            ms(health),
        );
        let growth_bytes = peak_bytes.saturating_sub(before_bytes);
        assert!(
            growth_bytes <= growth_max_bytes,
            "{name}: the process grew by {:.1} MiB",
            mib(growth_bytes)
        );
        assert!(
            after_bytes <= before_bytes + retained_max_bytes,
            "{name}: {:.1} MiB are kept",
            mib(after_bytes.saturating_sub(before_bytes))
        );
    }
}

/// Sends a request that may be refused or cut off, but must end.
pub(crate) async fn end_of(client: &mut Client, request: Request) -> u16 {
    let patience = Duration::from_secs(60);
    let response = tokio::time::timeout(patience, client.send(request)).await;
    response.expect("an end of the request").status
}
