//! The watch itself: normal use stays within its limits.

use crate::mailserver::MailServer;
use crate::product::Product;
use crate::watch::{Probe, Watch};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn normal_use_stays_within_the_limits() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("honest", &product, probe);
    for client in [
        &mut product.signed_in(&server).await,
        &mut product.signed_in_by_pop3(&server).await,
    ] {
        let mail = client.get("/mail").await;
        let list = client.get(mail.header("location").unwrap()).await;
        assert!(list.text().contains("three"), "{}", list.text());
    }
    watch.end("two sign-ins, two lists").await;
}
