//! A real browser, Chromium without a window, steered over the WebDriver protocol (W3C) as a person would:
//! it opens pages, types, clicks and reads what is shown.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use gatewarden_tests::{free_port, until};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The key of an element's reference (WebDriver, 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One window, as large as a phone's.
pub(crate) struct Browser {
    http: Client,
    base: String,
    driver: Child,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn driver() -> Option<PathBuf> {
    let found = ["/usr/bin/chromedriver", "/usr/local/bin/chromedriver"];
    let found = found.into_iter().map(Path::new).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: apt-get install chromium-driver to try this");
    }
    found.map(Path::to_owned)
}

impl Browser {
    /// Opens a window of so many pixels; none where no browser is installed, which it says.
    pub(crate) async fn open((width, height): (u32, u32)) -> Option<Self> {
        let program = driver()?;
        let port = free_port();
        let driver = Command::new(program)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let http = Client::builder().no_proxy().build().unwrap();
        let mut browser = Self { http, base: format!("http://127.0.0.1:{port}"), driver };
        until("the driver listens", || async {
            browser.try_ask(Method::GET, "/status", None).await
        })
        .await;
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-US"],
            "mobileEmulation": {"deviceMetrics":
                {"width": width, "height": height, "pixelRatio": 2.0, "touch": true}},
        });
        let wanted = json!({"browserName": "chrome", "goog:chromeOptions": options});
        let body = json!({"capabilities": {"alwaysMatch": wanted}});
        let session = browser.ask(Method::POST, "/session", Some(body)).await;
        let id = session["sessionId"].as_str().unwrap().to_owned();
        browser.base = format!("{}/session/{id}", browser.base);
        Some(browser)
    }

    /// The value of an answer; none where the driver does not answer or says no.
    async fn try_ask(&self, method: Method, path: &str, body: Option<Value>) -> Option<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?;
        let good = answer.status().is_success();
        let mut body: Value = answer.json().await.ok()?;
        good.then(|| body["value"].take())
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let told = format!("{method} {path}");
        self.try_ask(method, path, body)
            .await
            .unwrap_or_else(|| panic!("the browser said no: {told}"))
    }

    /// Goes to a page.
    pub(crate) async fn go(&self, url: &str) {
        self.ask(Method::POST, "/url", Some(json!({ "url": url }))).await;
    }

    async fn element(&self, selector: &str) -> Option<String> {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.try_ask(Method::POST, "/element", Some(wanted)).await?;
        Some(format!("/element/{}", found[ELEMENT].as_str()?))
    }

    /// What is shown of an element; nothing of one that is hidden.
    pub(crate) async fn shown(&self, selector: &str) -> Option<String> {
        let element = self.element(selector).await?;
        let text = self.try_ask(Method::GET, &format!("{element}/text"), None).await?;
        text.as_str().map(str::to_owned)
    }

    /// Waits until an element shows a text.
    pub(crate) async fn sees(&self, selector: &str, text: &str) {
        until(&format!("{selector} shows {text:?}"), || async {
            self.shown(selector).await.filter(|shown| shown.contains(text))
        })
        .await;
    }

    /// Types into a field, once it is there.
    pub(crate) async fn types(&self, selector: &str, text: &str) {
        until(&format!("{selector} takes what is typed"), || async {
            let element = self.element(selector).await?;
            self.try_ask(Method::POST, &format!("{element}/value"), Some(json!({ "text": text })))
                .await
        })
        .await;
    }

    /// Clicks, once it can be clicked.
    pub(crate) async fn clicks(&self, selector: &str) {
        until(&format!("{selector} can be clicked"), || async {
            let element = self.element(selector).await?;
            self.try_ask(Method::POST, &format!("{element}/click"), Some(json!({}))).await
        })
        .await;
    }

    /// The value of an expression in the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let body = json!({"script": format!("return {expression};"), "args": []});
        self.ask(Method::POST, "/execute/sync", Some(body)).await
    }

    /// Whether the page fits its window: nobody scrolls sideways.
    pub(crate) async fn fits(&self) -> bool {
        let wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        self.value(wide).await == json!(true)
    }

    /// The title of the page and all the text that it shows.
    pub(crate) async fn all(&self) -> String {
        format!(
            "{}\n{}",
            self.value("document.title").await,
            self.shown("body").await.unwrap_or_default()
        )
    }
}
