//! The composer in Chromium: from the key `r` to the cursor in the form.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use mail_demo::{ADDRESS, PASSWORD};
use tokio::task::spawn_blocking;

use super::Result;

/// The longest that it may take, at the 95th percentile, in milliseconds.
const MAX_MS: f64 = 50.0;

struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures the release's demo. Returns the time if it is over the limit.
pub(super) async fn measure(binary: &OsStr) -> Result<Option<f64>> {
    let script = std::env::var_os("RESTANTE_BROWSER_STEPS")
        .ok_or("RESTANTE_BROWSER_STEPS names the script that drives Chromium")?;
    let node = std::env::var_os("RESTANTE_NODE").unwrap_or_else(|| "node".into());
    let mut demo = Demo(
        Command::new(binary)
            .args(["demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let mut lines = BufReader::new(demo.0.stdout.take().ok_or("no output")?).lines();
    let found = lines
        .by_ref()
        .map_while(std::result::Result::ok)
        .find_map(|line| {
            let (_, rest) = line.split_once("http://")?;
            let end = rest.find(|c: char| c == '/' || c.is_whitespace());
            Some(format!("http://{}", &rest[..end.unwrap_or(rest.len())]))
        });
    let url = found.ok_or("the demo printed no address")?;
    // The pipe is read to its end, so that the program never writes into a closed pipe.
    std::thread::spawn(move || lines.for_each(drop));
    let mut node = Command::new(node);
    node.arg(script).args([&url, ADDRESS, PASSWORD]);
    node.stderr(Stdio::inherit());
    let output = spawn_blocking(move || node.output()).await??;
    if !output.status.success() {
        return Err("Chromium could not be driven through the steps".into());
    }
    let times: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    println!("\n  {:<34} {:>7} {:>7}", "in Chromium, ms", "median", "p95");
    let mut worst = 0.0;
    for (name, key) in [
        ("r → cursor in the form", "focus"),
        ("r → cursor in the form, painted", "painted"),
    ] {
        let [median, p95] = ["median", "p95"].map(|part| times[key][part].as_f64());
        let (Some(median), Some(p95)) = (median, p95) else {
            return Err("a step was not timed".into());
        };
        println!("  {name:<34} {median:>7.1} {p95:>7.1}");
        worst = p95;
    }
    println!("  ({} times, each in an open message)", times["runs"]);
    Ok(Some(worst).filter(|worst| *worst > MAX_MS))
}
