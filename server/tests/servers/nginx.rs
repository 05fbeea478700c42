//! nginx with the example of deploy/nginx.conf, as an operator would use it.

use std::path::Path;
use std::process::Command;

use super::{Authority, Folder, Running, free_port, tool, wait_for};

/// A running nginx that serves the product below `/webmail` over https.
pub(crate) struct Nginx {
    /// Its https port; the certificate is the authority's, for `localhost`.
    pub(crate) https: u16,
    running: Option<Running>,
    folder: Folder,
}

impl Nginx {
    /// Starts nginx in front of the product on `upstream_port` of this machine.
    ///
    /// # Panics
    /// If the example lacks a text that is replaced here: then this is no longer a test of it.
    pub(crate) fn start(authority: &Authority, upstream_port: u16) -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nginx.conf");
        let mut site = std::fs::read_to_string(&example).expect("deploy/nginx.conf");
        let https = free_port();
        let replacements = [
            (
                "server 127.0.0.1:3000;",
                format!("server 127.0.0.1:{upstream_port};"),
            ),
            (
                "listen 443 ssl http2;",
                format!("listen 127.0.0.1:{https} ssl http2;"),
            ),
            ("listen [::]:443 ssl http2;", String::new()),
            ("mail.example.org;", "localhost;".to_owned()),
            (
                "/etc/ssl/mail.example.org/fullchain.pem",
                authority.certificate().display().to_string(),
            ),
            (
                "/etc/ssl/mail.example.org/privkey.pem",
                authority.key().display().to_string(),
            ),
        ];
        for (from, to) in replacements {
            assert!(site.contains(from), "deploy/nginx.conf lacks `{from}`");
            site = site.replace(from, &to);
        }

        let folder = Folder::new("nginx");
        folder.write("site.conf", &site);
        let dir = folder.path().display().to_string();
        folder.write(
            "nginx.conf",
            &format!(
                "daemon off;
pid {dir}/pid;
error_log {dir}/log info;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log {dir}/access;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  include {dir}/site.conf;
}}
"
            ),
        );
        let command = || {
            let mut command = Command::new("/usr/sbin/nginx");
            command.arg("-e").arg(folder.join("log"));
            command.arg("-c").arg(folder.join("nginx.conf"));
            command
        };
        tool(command().arg("-t"));
        let running = Some(Running::start(&mut command()));
        let server = Self {
            https,
            running,
            folder,
        };
        wait_for(https, "nginx", || server.log());
        server
    }

    /// Returns nginx's log, for messages of failed assertions.
    pub(crate) fn log(&self) -> String {
        self.folder.log("log") + &self.folder.log("access")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.running = None;
    }
}
