//! Signing in under attack: floods, guesses, forged forms, and users who may
//! not be here any more.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderName, Method, header};
use license_tests::{ADMINISTRATOR, Answer, Client, PASSWORD, Polygent, Service, align};
use serde_json::json;
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

const SIGN_IN: &str = "/api/auth/sign-in";
const MIB: u64 = 1 << 20;

fn from(address: [u8; 4]) -> IpAddr {
    address.into()
}

async fn sign_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post_json(SIGN_IN, &json!({ "email": email, "password": password })).await
}

/// Signs the administrator in, from an address that sent nothing wrong. A machine that
/// is busy with more than the flood may have no answer in time, and says so.
async fn the_way_in(polygent: &Polygent) {
    let got_in = timeout(Duration::from_secs(60), async {
        loop {
            let answer = sign_in(&polygent.client(), ADMINISTRATOR, PASSWORD).await;
            if answer.outcome() != (503, "store_unavailable".to_owned()) {
                return answer.is(200);
            }
        }
    });
    assert!(got_in.await.is_ok(), "the administrator does not get in");
}

/// Waits until so many are counted.
async fn reached(count: &AtomicU64, many: u64) {
    let waited = timeout(Duration::from_secs(60), async {
        while count.load(Ordering::Relaxed) < many {
            sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "{count:?} of {many}");
}

/// The resident memory of a process.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// A user who is signed in, and whose session was used.
async fn user(polygent: &Polygent, admin: &Client, email: &str) -> (String, Client) {
    let new = json!({"email": email, "password": "secret", "role": "user"});
    let made = admin.post_json("/api/users", &new).await;
    made.is(201);
    let client = polygent.signed_in(email, "secret").await;
    client.get("/api/auth/me").await.is(200);
    (made.json()["id"].as_str().unwrap().to_owned(), client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_57_a_flood_of_sign_ins_takes_neither_the_memory_nor_the_way_in() {
    let polygent = Polygent::start().await;
    polygent.install(polygent.license()).await;
    let admin = polygent.admin().await;
    let (id, gone) = user(&polygent, &admin, "gone@example.com").await;
    let process = polygent.process().id();
    let before = resident(process);

    let (over, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut flood = JoinSet::new();
    for number in 0..200u64 {
        let (over, told) = (Arc::clone(&over), Arc::clone(&told));
        let client = polygent.client().source(from([127, 0, 0, 2]));
        flood.spawn(async move {
            let mut asked = 0u64;
            while !over.load(Ordering::Relaxed) {
                let email = match number % 2 {
                    0 => ADMINISTRATOR.to_owned(),
                    _ => format!("user-{number}-{asked}@example.com"),
                };
                let answer = sign_in(&client, &email, "wrong").await;
                match answer.outcome() {
                    (429, _) => drop(told.fetch_add(1, Ordering::Relaxed)),
                    (status, _) => assert!([401, 503].contains(&status), "{answer:?}"),
                }
                asked += 1;
            }
            asked
        });
    }
    // The first of them are all checked, and there may be no place; then the
    // address has had its ten.
    reached(&told, 200).await;
    admin.send(Method::POST, &format!("/api/users/{id}/deactivate"), "").await.is(200);
    let (mut most, mut quickest) = (0, Duration::MAX);
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        let began = Instant::now();
        the_way_in(&polygent).await;
        quickest = quickest.min(began.elapsed());
        gone.get("/api/auth/me").await.refused(401, "unauthenticated");
        most = most.max(resident(process));
    }
    over.store(true, Ordering::Relaxed);
    let asked: u64 = flood.join_all().await.into_iter().sum();
    let after = resident(process);
    println!(
        "{asked} sign-ins; MiB before {}, at most {}, after {}",
        before / MIB,
        most / MIB,
        after / MIB
    );
    assert!(most < 256 * MIB, "{} MiB", most / MIB);
    assert!(after < before + 64 * MIB, "{} MiB before, {} after", before / MIB, after / MIB);
    the_way_in(&polygent).await;
}

#[tokio::test]
async fn after_ten_wrong_passwords_an_address_has_to_wait_and_others_do_not() {
    let polygent = Polygent::start().await;
    let guesser = polygent.client().source(from([127, 0, 0, 2]));
    for number in 0..10 {
        let email = format!("user-{number}@example.com");
        sign_in(&guesser, &email, "wrong").await.refused(401, "unauthenticated");
    }
    for (email, password) in [("new@example.com", "wrong"), (ADMINISTRATOR, PASSWORD)] {
        let answer = sign_in(&guesser, email, password).await;
        answer.refused(429, "too_many_attempts");
        let wait: u64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    sign_in(&polygent.client(), ADMINISTRATOR, PASSWORD).await.is(200);
}

#[tokio::test]
async fn after_ten_wrong_passwords_an_account_takes_only_the_right_one_from_elsewhere() {
    let polygent = Polygent::start().await;
    for number in 0..10 {
        let guesser = polygent.client().source(from([127, 0, 0, 2 + number % 3]));
        let answer = sign_in(&guesser, "Admin@Example.com", "wrong").await;
        answer.refused(401, "unauthenticated");
    }
    // Who took part waits, whatever is sent; so does the next one who guesses.
    let guesser = polygent.client().source(from([127, 0, 0, 2]));
    sign_in(&guesser, ADMINISTRATOR, PASSWORD).await.refused(429, "too_many_attempts");
    let another = polygent.client().source(from([127, 0, 0, 9]));
    sign_in(&another, ADMINISTRATOR, "wrong").await.refused(429, "too_many_attempts");
    sign_in(&another, ADMINISTRATOR, PASSWORD).await.refused(429, "too_many_attempts");
    // Nobody keeps the administrator out from another address.
    sign_in(&polygent.client(), ADMINISTRATOR, PASSWORD).await.is(200);
}

#[tokio::test]
async fn beyond_64_that_wait_a_sign_in_is_told_to_come_back() {
    let polygent = Polygent::start().await;
    let flood = polygent.client().source(from([127, 0, 0, 2]));
    let streams = flood.with(header::CONTENT_TYPE, "application/json").streams().await;
    let body = json!({"email": ADMINISTRATOR, "password": PASSWORD}).to_string();
    let mut asking = JoinSet::new();
    for _ in 0..200 {
        let (streams, body) = (streams.clone(), body.clone());
        asking.spawn(async move { streams.send(Method::POST, SIGN_IN, body).await });
    }
    // Meanwhile there is a place for another address, and soon its turn.
    for _ in 0..3 {
        sign_in(&polygent.client(), ADMINISTRATOR, PASSWORD).await.is(200);
    }
    // Those for whom there is no place are told at once, before others are done.
    let answers = asking.join_all().await;
    let busy = |answer: &&Answer| answer.status == 503;
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert!(answers[..40].iter().filter(busy).count() > 20);
    for answer in answers.iter().filter(busy) {
        answer.refused(503, "busy");
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    }
    sign_in(&polygent.client(), ADMINISTRATOR, PASSWORD).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_57_a_flood_from_many_addresses_leaves_the_way_in_to_where_people_sign_in_from() {
    let polygent = Polygent::start().await;
    polygent.admin().await;
    let (over, busy) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut flood = JoinSet::new();
    for number in 0..200 {
        let (over, busy) = (Arc::clone(&over), Arc::clone(&busy));
        let client = polygent.client().source(from([127, 0, 1, number]));
        flood.spawn(async move {
            for asked in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let email = format!("user-{number}-{asked}@example.com");
                let answer = sign_in(&client, &email, "wrong").await;
                if answer.status == 503 {
                    busy.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    reached(&busy, 200).await;
    for _ in 0..10 {
        sign_in(&polygent.client(), ADMINISTRATOR, PASSWORD).await.is(200);
    }
    over.store(true, Ordering::Relaxed);
    flood.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_57_a_user_who_may_not_be_here_is_refused_while_the_database_is_busy() {
    let polygent = Polygent::start().await;
    polygent.install(polygent.license().limit("users", 50)).await;
    let admin = polygent.admin().await;
    let (id, deactivated) = user(&polygent, &admin, "gone@example.com").await;
    let (_, elsewhere) = user(&polygent, &admin, "two@example.com").await;
    let (_, out) = user(&polygent, &admin, "out@example.com").await;
    admin.send(Method::POST, &format!("/api/users/{id}/deactivate"), "").await.is(200);
    // The license allows one session a user: this one ends the other.
    let latest = polygent.signed_in("two@example.com", "secret").await;
    out.send(Method::POST, "/api/auth/sign-out", "").await.is(204);
    latest.get("/api/auth/me").await.is(200);

    let file = polygent.directory.path().join("polygent.db");
    let url = format!("sqlite://{}", file.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    // Nothing is read until this ends. Who is still here goes on.
    connection.execute("BEGIN EXCLUSIVE").await.unwrap();
    latest.get("/api/auth/me").await.is(200);
    let mut asking = JoinSet::new();
    for client in [deactivated, elsewhere, out] {
        asking.spawn(async move { client.get("/api/auth/me").await });
    }
    // The others wait for the database, and are not answered from memory.
    let soon = timeout(Duration::from_secs(1), asking.join_next()).await;
    assert!(soon.is_err(), "{soon:?}");
    latest.get("/api/auth/me").await.is(200);
    connection.execute("ROLLBACK").await.unwrap();
    for answer in asking.join_all().await {
        assert!([401, 503].contains(&answer.status.as_u16()), "{answer:?}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_cannot_sign_a_browser_in() {
    let polygent = Polygent::start().await;
    let align = Service::start(align::command, |_| ()).await;
    let site = HeaderName::from_static("sec-fetch-site");
    for (client, address) in
        [(polygent.client(), polygent.address()), (align.client(), align.address())]
    {
        let good = json!({"email": ADMINISTRATOR, "password": PASSWORD}).to_string();
        for (name, value) in [
            (site.clone(), "cross-site"),
            (site.clone(), "same-site"),
            (header::ORIGIN, "https://evil.example"),
            (header::ORIGIN, "null"),
        ] {
            // What a form can send without asking first.
            let form = client.with(header::CONTENT_TYPE, "text/plain").with(name, value);
            for form in [form.clone(), form.http2()] {
                let answer = form.send(Method::POST, SIGN_IN, good.clone()).await;
                answer.refused(403, "cross_site_request");
                assert!(!answer.headers.contains_key(header::SET_COOKIE));
            }
            // A browser adds this by itself, too.
            let basic = form.with(header::AUTHORIZATION, "Basic YTpi");
            let answer = basic.send(Method::POST, SIGN_IN, good.clone()).await;
            answer.refused(403, "cross_site_request");
        }
        for own in [
            client.clone(),
            client.with(site.clone(), "same-origin"),
            client.with(header::ORIGIN, &format!("http://{address}")),
        ] {
            sign_in(&own, ADMINISTRATOR, PASSWORD).await.is(200);
        }
    }
}
