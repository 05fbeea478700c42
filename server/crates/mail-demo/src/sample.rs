//! The content of the mailbox: a sample of one user's mail, a large generated INBOX, and the
//! messages that are delivered periodically.
//!
//! The texts are in `text/*.txt`, in the format that [`script`] parses; [`letter`] encodes them as
//! MIME. All output depends only on [`Options`]: the same options give the same octets.

mod attachment;
mod generated;
mod hash;
mod letter;
mod mailbox;
mod page;
mod script;

use std::sync::Arc;
use std::time::Duration;

use crate::store::InitialFolders;
use crate::{Options, Service};

/// Builds all folders.
pub(crate) fn mailboxes(options: &Options) -> InitialFolders {
    let mut folders = mailbox::folders(options.now_unix_ms);
    if let (Some(count), Some(inbox)) = (options.messages, folders.first_mut()) {
        inbox.messages = generated::inbox(count, options.now_unix_ms);
    }
    InitialFolders { folders }
}

/// Delivers one message after each interval, until the demo stops.
pub(crate) async fn arrivals(service: Arc<Service>, pause: Duration) {
    let shutdown = service.shutdown.clone();
    let letters = mailbox::arrivals();
    // An interval of 0 would loop without a pause.
    let pause = pause.max(Duration::from_millis(10));
    for (number, letter) in (1_u64..).zip(letters.iter().cycle()) {
        if shutdown
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            return;
        }
        let now_unix_ms = service.clock.now_unix_ms();
        service.deliver(mailbox::arriving(letter, number, now_unix_ms));
    }
}
