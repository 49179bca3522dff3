//! The pages in a real browser, as large as a phone: a manager opens the link that he was sent, signs in,
//! sees what he may see, and approves; the task opens, and the station's page shows it to whoever signs in
//! there.

use gatewarden_simulators::messenger::{SimWeCom, WeComOptions};
use reqwest::Method;

use super::{
    browser::Browser,
    links::{governed, token, transfer},
};

#[tokio::test]
async fn a_manager_approves_on_a_phone_and_the_task_opens_at_the_station() {
    let Some(phone) = Browser::open((390, 844)).await else { return };
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (gateway, people) = governed(&wecom, None).await;
    let number = "TR-202611-00001";
    let _ = transfer(&people, number).await;
    let base = format!("http://{}", gateway.address());
    let link = format!("{base}/approve/{}", token(&wecom, number).await);

    phone.go(&link).await;
    phone.sees("#why", "Sign in to see it").await;
    let before = phone.all().await;
    assert!(
        !before.contains(number) && !before.contains("wang") && !before.contains("BOLT"),
        "{before}"
    );
    assert!(phone.fits().await);
    phone.types("#badge", "OP-3001").await;
    phone.types("#pin", "0000").await;
    phone.clicks("#form button").await;
    phone.sees("#said", "PIN").await;
    phone.types("#pin", "3691").await;
    phone.clicks("#form button").await;
    phone.sees("#title", number).await;
    phone.sees("#head", "To the line").await;
    phone.sees("#rows", "BOLT-M8").await;
    let shown = phone.all().await;
    assert!(!shown.contains("7431"), "a price that he may not see: {shown}");
    assert!(phone.fits().await, "the document fits a phone");
    phone.clicks("#no-button").await;
    phone.sees("#said", "A rejection needs a reason.").await;
    phone.clicks("#yes").await;
    phone.sees("#said", "Recorded.").await;
    assert!(!phone.all().await.contains(number), "nothing stays on the screen");
    phone.go(&link).await;
    phone.sees("#said", "This link was used already.").await;
    // He was signed out with the act: the same browser is nobody at the inbox.
    phone.go(&format!("{base}/inbox")).await;
    phone.sees("#in", "Badge number").await;

    let tasks = people.viewer.list("/tasks").await;
    assert!(tasks.iter().any(|one| one["task"]["document"]["number"] == number), "{tasks:?}");
    phone.go(&format!("{base}/stations/dock-1/page")).await;
    phone.sees("#ask", "Scan your badge").await;
    phone.types("#badge", "OP-5001").await;
    phone.types("#pin", "5814").await;
    phone.clicks("#form button").await;
    phone.sees("#who", "ma.second").await;
    phone.sees("#tasks", number).await;
    assert!(phone.fits().await, "the station's page fits a phone");
    phone.clicks("#out").await;
    phone.sees("#ask", "Scan your badge").await;
    let gone = gateway.anybody().ask(Method::GET, "/stations/dock-1", None).await;
    assert_eq!(gone.status, 401);
}
