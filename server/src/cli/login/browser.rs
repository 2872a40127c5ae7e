//! Logging in with a browser: on this computer the page hands the login over by itself; from any other computer, as over
//! SSH, a person carries it over as a code.

use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::callback::{Callback, HandedOver};
use crate::cli::client::Client;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::prompt;

/// How long a person may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// The name and the token of whoever logs in there.
pub async fn log_in(client: &Client, printer: &Printer) -> Result<(String, SecretText), Failure> {
    let server = client.address();
    let callback = Callback::open(server).await?;
    let Some(link) = callback.link(server) else {
        return Err(Failure::new("This server has no page to log in"));
    };
    printer.say_always(&format!(
        "Log in on this page, and go on there only if it shows the code {}:\n  {link}",
        callback.code()
    ));
    let waiting = tokio::time::timeout(PATIENCE, callback.receive());
    let handed_over = if prompt::possible() {
        open(link.as_str());
        printer.say_always(
            "Waiting for the browser. If it runs on another computer, press Enter to paste what the page shows.",
        );
        tokio::select! {
            waited = waiting => waited,
            Ok(typed) = prompt::line_meanwhile() => Ok(pasted(typed, printer)),
        }
    } else {
        waiting.await
    };
    let handed_over = handed_over.map_err(|_| {
        Failure::new("Nobody has logged in with the browser for 10 minutes")
            .advise("Start again: strongroom login --method browser. Without a browser: --email")
    })??;
    let token = handed_over.token.trimmed();
    let me = client.clone().with_token(token.clone()).me().await?;
    Ok((me.name, token))
}

/// What the page shows for carrying over. Whoever only pressed Enter is asked, so that it does not stay on the screen.
fn pasted(typed: SecretText, printer: &Printer) -> Result<HandedOver, Failure> {
    let text = if typed.is_empty() {
        prompt::hidden(printer, "What the page shows:")?.trimmed()
    } else {
        typed
    };
    read(&text).ok_or_else(|| {
        Failure::new("That is not what the page shows")
            .because("It is one long line, and all of it is needed.")
            .advise("Press the button that copies it, and log in again: strongroom login --method browser")
    })
}

/// Base64 of what the page would have sent, as Infisical's page shows it.
fn read(text: &SecretText) -> Option<HandedOver> {
    let json = Zeroizing::new(STANDARD.decode(text.expose()).ok()?);
    serde_json::from_slice(&json).ok()
}

/// Shows the page, if there is a screen. The link stands in the terminal as well: nothing is lost if this fails.
fn open(link: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        "xdg-open"
    } else {
        return;
    };
    let mut command = Command::new(opener);
    command
        .arg(link)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _ = command.spawn();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_shows_is_read_whole_or_not_at_all() {
        let json = r#"{"email":"kavi@example.com","privateKey":"","JTWToken":"a.b.c","RefreshToken":""}"#;
        let shown = STANDARD.encode(json);
        let token = read(&SecretText::from(shown.as_str())).map(|handed_over| handed_over.token);
        assert_eq!(token, Some("a.b.c".into()));
        for wrong in ["", "a.b.c", &shown[..shown.len() - 8], json, "e30="] {
            assert!(read(&SecretText::from(wrong)).is_none(), "{wrong}");
        }
    }
}
