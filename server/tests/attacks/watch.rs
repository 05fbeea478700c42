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
/// Maximum growth, in bytes, that may remain after [`BACK_AFTER`].
const BACK_WITHIN_BYTES: u64 = 16 << 20;
/// Time after which [`BACK_WITHIN_BYTES`] must hold.
const BACK_AFTER: Duration = Duration::from_secs(60);
/// Time without a response after which the service counts as dead, on any machine.
const DEAD_AFTER: Duration = Duration::from_secs(10);
/// Interval between the requests of the witness during an attack.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Another user, whose list is requested during an attack.
pub(crate) struct Witness {
    client: Client,
    list: String,
    _server: Option<MailServer>,
    usual: Duration,
}

impl Witness {
    /// Signs in at a valid server that the product may reach, and warms up the caches.
    pub(crate) async fn new(product: &Product, server: &MailServer) -> Self {
        let mut client = product.signed_in(server).await;
        let mail = client.get("/mail").await;
        let list = mail.header("location").expect("the inbox").to_owned();
        let mut times = Vec::new();
        for _ in 0..20 {
            times.push(ask(&mut client, &list).await);
        }
        Self {
            client,
            list,
            _server: None,
            usual: median(&mut times),
        }
    }
}

async fn ask(client: &mut Client, path: &str) -> Duration {
    let started = Instant::now();
    let answer = tokio::time::timeout(DEAD_AFTER, client.get(path))
        .await
        .unwrap_or_else(|_| panic!("{path} was not answered within {DEAD_AFTER:?}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
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
    asking: JoinHandle<(Vec<Duration>, Vec<Duration>)>,
    usual: Duration,
}

impl<'a> Watch<'a> {
    /// Begins: memory is measured from now on, and the witness sends requests until the attack
    /// ends.
    pub(crate) fn begin(name: &'static str, product: &'a Product, witness: Witness) -> Self {
        product.forget_peak();
        let before_bytes = product.resident_bytes();
        let stop = CancellationToken::new();
        let (stopped, usual) = (stop.clone(), witness.usual);
        let mut stranger = product.client();
        let asking = tokio::spawn(async move {
            let Witness {
                mut client, list, ..
            } = witness;
            let (mut lists, mut healths) = (Vec::new(), Vec::new());
            loop {
                lists.push(ask(&mut client, &list).await);
                healths.push(ask(&mut stranger, "/healthz").await);
                if stopped
                    .run_until_cancelled(tokio::time::sleep(ASK_EVERY))
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
            asking,
            usual,
        }
    }

    /// Ends: prints the figures, and fails if the process grew over 64 MiB or retained over 16 MiB
    /// of it, or if the witness got no response.
    pub(crate) async fn end(self, what: &str) {
        self.end_within(what, GROWTH_MAX_BYTES, BACK_WITHIN_BYTES)
            .await;
    }

    /// The same with other limits, for the growth and for the retained part.
    pub(crate) async fn end_within(self, what: &str, growth_max_bytes: u64, kept_max_bytes: u64) {
        let Self {
            name,
            product,
            before_bytes,
            stop,
            asking,
            usual,
        } = self;
        stop.cancel();
        let (mut lists, healths) = asking.await.expect("everybody else is answered");
        let worst = lists.iter().max().copied().unwrap_or_default();
        let during = median(&mut lists);
        let health = healths.iter().max().copied().unwrap_or_default();
        let peak_bytes = product.peak_bytes();
        let ended = Instant::now();
        let mut after_bytes = product.resident_bytes();
        while after_bytes > before_bytes + kept_max_bytes && ended.elapsed() < BACK_AFTER {
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
            ms(usual),
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
            after_bytes <= before_bytes + kept_max_bytes,
            "{name}: {:.1} MiB are kept",
            mib(after_bytes.saturating_sub(before_bytes))
        );
    }
}

/// Sends a request that may be refused or cut off, but must end.
pub(crate) async fn end_of(client: &mut Client, request: Request) -> u16 {
    let patience = Duration::from_secs(60);
    let answer = tokio::time::timeout(patience, client.send(request)).await;
    answer.expect("an end of the request").status
}
