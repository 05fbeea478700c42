//! The formatted text of a message that is being written, and the port to the document that edits
//! it. What is said through the port is described in `editor/editor.js`.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Time after which a text is taken as it was reported last, if the editor does not answer.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

type Then = Box<dyn FnOnce()>;

/// The formatted text of a form.
#[derive(Debug, Clone, Copy)]
pub struct Editor {
    /// The HTML, as the editor reported it last. `None`: plain text.
    pub html: RwSignal<Option<String>>,
    /// The port, and what waits for the text that is current. In the browser only.
    port: Option<StoredValue<Option<web_sys::MessagePort>, LocalStorage>>,
    waiting: Option<StoredValue<Vec<Then>, LocalStorage>>,
    /// Whether the editor is focused when it opens; after the quotation, if this is true.
    pub is_wanted: StoredValue<Option<bool>>,
}

impl Editor {
    /// Creates the state of a form with this text.
    pub fn new(html: Option<String>) -> Self {
        Self {
            html: RwSignal::new(html),
            port: cfg!(feature = "hydrate").then(|| StoredValue::new_local(None)),
            waiting: cfg!(feature = "hydrate").then(|| StoredValue::new_local(Vec::new())),
            is_wanted: StoredValue::new(None),
        }
    }

    /// Whether the text is formatted.
    pub fn is_formatted(self) -> bool {
        self.html
            .try_with_untracked(|html| html.is_some())
            .unwrap_or(false)
    }

    /// Whether the text shows the file with this id.
    pub fn shows(self, file: &str) -> bool {
        self.html.with_untracked(|html| {
            html.as_ref()
                .is_some_and(|html| html.contains(&format!("cid:{file}")))
        })
    }

    /// Sets the text, also in the editor if it is open.
    pub fn set(self, html: Option<String>) {
        self.html.set(html.clone());
        if let Some(html) = html.filter(|_| self.port().is_some()) {
            self.post("set", [html.into()]);
        }
    }

    /// Focuses the editor, with the cursor at the beginning or after the quotation.
    pub fn focus(self, is_after_quote: bool) {
        self.is_wanted.set_value(Some(is_after_quote));
        self.post("focus", [is_after_quote.into()]);
    }

    /// Calls `then` when the text is current: the editor reports changes after a short time.
    pub fn settle(self, then: impl FnOnce() + 'static) {
        let Some(waiting) = self.waiting.filter(|_| self.post("flush", [])) else {
            return then();
        };
        waiting.update_value(|waiting| waiting.push(Box::new(then)));
        set_timeout(move || self.settled(), FLUSH_TIMEOUT);
    }

    /// Calls what waited: the text is current.
    pub fn settled(self) {
        let all = self
            .waiting
            .and_then(|waiting| waiting.try_update_value(std::mem::take));
        all.unwrap_or_default().into_iter().for_each(|then| then());
    }

    fn port(self) -> Option<web_sys::MessagePort> {
        self.port.and_then(|port| port.try_get_value().flatten())
    }

    /// Says something to the editor; `false` if it is not open.
    pub fn post<const N: usize>(self, kind: &str, rest: [JsValue; N]) -> bool {
        let Some(port) = self.port() else {
            return false;
        };
        let message = js_sys::Array::of1(&kind.into());
        for value in &rest {
            message.push(value);
        }
        port.post_message(&message).is_ok()
    }

    /// Begins the conversation with the document of a frame that has loaded. `hear` receives what
    /// it says: the kind and the rest.
    pub fn begin(
        self,
        frame: &web_sys::HtmlIFrameElement,
        theme: &str,
        hear: impl Fn(String, js_sys::Array) + 'static,
    ) -> Option<()> {
        let channel = web_sys::MessageChannel::new().ok()?;
        let hear =
            Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                let message = event.data().unchecked_into::<js_sys::Array>();
                hear(message.shift().as_string().unwrap_or_default(), message);
            });
        let port = channel.port1();
        port.set_onmessage(Some(hear.into_js_value().unchecked_ref()));
        let html = self.html.get_untracked().unwrap_or_default();
        let message = js_sys::Array::of4(
            &"begin".into(),
            &html.into(),
            &theme.into(),
            &self.is_wanted.get_value().into(),
        );
        // The document has no origin that could be named; only this frame gets the port.
        let transfer = js_sys::Array::of1(&channel.port2());
        frame
            .content_window()?
            .post_message_with_transfer(&message, "*", &transfer)
            .ok()?;
        self.port?.try_set_value(Some(port));
        Some(())
    }

    /// Ends the conversation: the frame is gone.
    pub fn end(self) {
        if let Some(Some(port)) = self
            .port
            .and_then(|port| port.try_update_value(Option::take))
        {
            port.close();
        }
    }
}
