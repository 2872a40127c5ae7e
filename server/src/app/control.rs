//! Operator commands to a running server, over a socket in the data directory that only its owner can open.
//!
//! The client sends one line of JSON, a [`Command`]. The server answers with frames, each a length (four bytes, big
//! endian) and that many bytes of output; a frame of length zero ends the output, and one line of JSON follows: the
//! [`Reply`], or what went wrong.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::App;
use super::data_dir::DataDir;
use super::operator::{self, Command, Reply};

/// Longest command line.
const COMMAND_LIMIT: u64 = 64 * 1024;
/// Longest wait for the other side to send or take something.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Done(Box<Reply>),
    Refused(String),
}

/// Starts to take commands, on threads of its own.
pub fn listen(app: Arc<App>, data_dir: DataDir) -> io::Result<()> {
    let path = data_dir.control_socket();
    // We hold the lock of the directory, so a socket that is there was left by a process that is gone.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    std::thread::Builder::new()
        .name("control".into())
        .spawn(move || {
            for stream in listener.incoming() {
                let accepted = stream.and_then(|stream| {
                    let (app, data_dir) = (Arc::clone(&app), data_dir.clone());
                    std::thread::Builder::new()
                        .name("control-command".into())
                        .spawn(move || report(answer(&app, &data_dir, &stream)))
                        .map(drop)
                });
                report(accepted);
            }
        })?;
    Ok(())
}

fn report(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "an operator command was cut off");
    }
}

fn answer(app: &Arc<App>, data_dir: &DataDir, stream: &UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // The permissions of the socket say the same; some systems ignore those.
    let peer = rustix::net::sockopt::socket_peercred(stream)?;
    let owner = rustix::process::geteuid();
    if peer.uid != owner && !peer.uid.is_root() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the peer is another user",
        ));
    }
    let mut line = String::new();
    BufReader::new(stream.take(COMMAND_LIMIT)).read_line(&mut line)?;
    let command: Command = serde_json::from_str(&line)?;
    zeroize::Zeroize::zeroize(&mut line);
    let mut output = FrameWriter { stream };
    let outcome = match operator::perform(app, data_dir, command, &mut output) {
        Ok(reply) => Outcome::Done(Box::new(reply)),
        Err(error) => Outcome::Refused(error.to_string()),
    };
    output.end()?;
    let mut text = serde_json::to_string(&outcome)?;
    text.push('\n');
    let mut stream = stream;
    let sent = stream.write_all(text.as_bytes());
    zeroize::Zeroize::zeroize(&mut text);
    sent
}

struct FrameWriter<'a> {
    stream: &'a UnixStream,
}

impl FrameWriter<'_> {
    fn end(&mut self) -> io::Result<()> {
        self.stream.write_all(&0_u32.to_be_bytes())
    }
}

impl Write for FrameWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let part = &bytes[..bytes.len().min(256 * 1024)];
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        self.stream.write_all(&length.to_be_bytes())?;
        self.stream.write_all(part)?;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Removes the socket, at the end of the process. One that stays does no harm: the next server replaces it.
pub fn forget(data_dir: &DataDir) {
    if let Err(error) = fs::remove_file(data_dir.control_socket()) {
        tracing::debug!(%error, "the control socket stays behind");
    }
}

/// Sends a command to the running server and copies its output.
pub fn send(
    data_dir: &DataDir,
    command: &Command,
    output: &mut dyn Write,
) -> io::Result<Result<Reply, String>> {
    let stream = UnixStream::connect(data_dir.control_socket())?;
    let mut line = zeroize::Zeroizing::new(serde_json::to_string(command)?);
    line.push('\n');
    (&stream).write_all(line.as_bytes())?;
    let mut reader = BufReader::new(&stream);
    loop {
        let mut length = [0; 4];
        reader.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length == 0 {
            break;
        }
        let copied = io::copy(&mut (&mut reader).take(u64::from(length)), output)?;
        if copied != u64::from(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    reader.read_line(&mut text)?;
    match serde_json::from_str(&text)? {
        Outcome::Done(reply) => Ok(Ok(*reply)),
        Outcome::Refused(reason) => Ok(Err(reason)),
    }
}
