//! The product in its own process: the release binary for its times, or this benchmark with a
//! counting allocator for its heap.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use clap::Parser as _;
use peak_alloc::PeakAlloc;
use tokio::net::TcpStream;

use super::Result;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The argument by which this program becomes the product.
pub(super) const AS_PRODUCT: &str = "--as-product";

/// Serves as `restante serve` does. On each line of its input it prints the peak of the heap since
/// the line before, and the heap now, in bytes.
pub(super) fn serve(config: &str) -> Result<()> {
    std::thread::spawn(|| {
        for _ in std::io::stdin().lines().map_while(std::result::Result::ok) {
            println!("{} {}", HEAP.peak_usage(), HEAP.current_usage());
            HEAP.reset_peak_usage();
        }
    });
    let cli = server::cli::Cli::try_parse_from(["restante", "serve", "--config", config])?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(cli.run())?;
    Ok(())
}

/// A running product, over a state folder that is removed with it.
pub(super) struct Program {
    child: Child,
    pub(super) address: String,
    folder: PathBuf,
    heap: Option<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Program {
    /// Starts a product with these lines in its configuration: the release binary, or this program
    /// if there is none.
    pub(super) async fn start(
        name: &str,
        binary: Option<&OsStr>,
        (imap, smtp): (u16, u16),
        config: &str,
    ) -> Result<Self> {
        let folder = format!("restante-sending-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let file = folder.join("restante.toml");
        let text = format!(
            "listen = \"{address}\"\nstate_dir = {:?}\nupstreams = \"listed\"\n{config}\
             [[upstream]]\nhost = \"localhost\"\ntls = \"plain\"\n\
             ports = {{ imap = {imap}, smtp = {smtp} }}\n",
            folder.join("state")
        );
        std::fs::write(&file, text)?;
        let mut command = match binary {
            Some(binary) => Command::new(binary),
            None => Command::new(std::env::current_exe()?),
        };
        match binary {
            Some(_) => command.args(["serve", "--config"]).arg(&file),
            None => command.arg(AS_PRODUCT).arg(&file),
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let pipes = child
            .stdin
            .take()
            .zip(child.stdout.take().map(BufReader::new));
        let program = Self {
            child,
            address,
            folder,
            heap: pipes.filter(|_| binary.is_none()),
        };
        for _ in 0..400 {
            if TcpStream::connect(&program.address).await.is_ok() {
                return Ok(program);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Err("the product did not start".into())
    }

    /// Returns the peak of the heap since the call before, and the heap now, in bytes.
    pub(super) fn heap(&mut self) -> Result<(u64, u64)> {
        let (input, output) = self.heap.as_mut().ok_or("not counted")?;
        input.write_all(b"\n")?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        let (peak, now) = line.trim().split_once(' ').ok_or("no figures")?;
        Ok((peak.parse()?, now.parse()?))
    }
}
