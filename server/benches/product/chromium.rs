//! The same steps in Chromium, compared with two other webmails.

use std::process::{Command, Stdio};

use mail_demo::{ADDRESS, PASSWORD};
use tokio::task::spawn_blocking;

use super::Result;

/// Roundcube 1.6.5 and `SnappyMail` 2.38.2 at 1,000 and at 100,000 messages, in milliseconds: PHP 8.2
/// with opcache behind nginx, Dovecot 2.3, medians of 5 on a machine of the same kind.
const PEERS: [(&str, [[u32; 2]; 2]); 8] = [
    ("cold login page", [[361, 486], [328, 428]]),
    ("sign in → list", [[408, 384], [555, 588]]),
    ("warm reload → list", [[280, 440], [439, 666]]),
    ("open plain 10 KB", [[178, 376], [440, 682]]),
    ("next 50", [[133, 155], [279, 308]]),
    // Not measured at 1,000 messages; these are of 10,000.
    ("jump to the middle", [[99, 131], [299, 269]]),
    ("compose opens", [[251, 76], [271, 72]]),
    ("send → handed over", [[147, 443], [109, 464]]),
];

/// Steps that were not measured with the others.
const OWN: [&str; 3] = [
    "open plain 10 KB, prefetched",
    "open newsletter 100 KB",
    "open newsletter 100 KB, prefetched",
];

/// Prints the time from a click to the painted frame, for each step.
pub(super) async fn steps(address: &str, is_large: bool) -> Result<()> {
    let script = std::env::var_os("RESTANTE_BROWSER_STEPS")
        .ok_or("RESTANTE_BROWSER_STEPS names the script that drives Chromium")?;
    let node = std::env::var_os("RESTANTE_NODE").unwrap_or_else(|| "node".into());
    let mut node = Command::new(node);
    node.arg(script)
        .arg(format!("http://{address}"))
        .args([ADDRESS, PASSWORD])
        .stderr(Stdio::inherit());
    // The mail server runs in this process, so the wait must not block it.
    let output = spawn_blocking(move || node.output()).await??;
    if !output.status.success() {
        return Err("Chromium could not be driven through the steps".into());
    }
    let times: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    println!(
        "  {:<20} {:>8} {:>11} {:>11}",
        "in Chromium, ms", "ours", "Roundcube", "SnappyMail"
    );
    let empty = times["an empty page"].as_f64().ok_or("no limit")?;
    println!("  {:<20} {empty:>8.0}", "an empty page");
    for (name, peers) in PEERS {
        let ours = times[name].as_f64().ok_or("a step was not timed")?;
        let [roundcube, snappymail] = peers[usize::from(is_large)];
        println!("  {name:<20} {ours:>8.0} {roundcube:>11} {snappymail:>11}");
    }
    for name in OWN {
        let ours = times[name].as_f64().ok_or("a step was not timed")?;
        println!("  {name:<36} {ours:>8.0}");
    }
    println!("  (medians of 5; the others as measured before, on a machine of the same kind)");
    Ok(())
}
