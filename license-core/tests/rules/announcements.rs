//! When there is something to log of the license, and when there is not.

use std::{sync::Arc, time::Duration};

use license_core::{
    Policy, Product,
    licensing::Announcer,
    product::{LogLevel, Message},
    testing::{ManualClock, START, Vendor, licensing},
};

const DAY: Duration = Duration::from_secs(86_400);

/// A product with a line for every event, which is the event's name.
fn vendor() -> Vendor {
    let events =
        ["unlicensed", "scheduled", "active", "expiring", "grace", "lapsed", "invalid"].into_iter();
    let product = Product::builder("test", "https://vendor.example", "test")
        .policy(Policy::new().grace(DAY))
        .message(Message::new("installed", LogLevel::Info, "installed {plan}"));
    let line = |on: &str| Message::new(on, LogLevel::Info, on);
    Vendor::of(events.fold(product, |product, on| product.message(line(on))).build().unwrap())
}

fn said(announcer: &mut Announcer) -> Vec<String> {
    announcer.due().into_iter().map(|line| line.text).collect()
}

#[track_caller]
fn says(announcer: &mut Announcer, lines: &[&str]) {
    assert_eq!(said(announcer), lines);
    assert_eq!(said(announcer), [""; 0], "it was said already");
}

fn go(clock: &Arc<ManualClock>, days: u32) {
    clock.advance(DAY * days);
}

#[test]
fn every_phase_is_announced_when_it_is_reached() {
    let vendor = vendor();
    let (licensing, clock) = licensing(&vendor);
    let mut announcer = licensing.control().announcer();
    says(&mut announcer, &["unlicensed"]);
    let begins = START.saturating_add(DAY);
    vendor.license().plan("a").not_before(begins).days(32).install(&licensing);
    says(&mut announcer, &["scheduled"]);
    go(&clock, 1);
    says(&mut announcer, &["installed a", "active"]);
    go(&clock, 1);
    says(&mut announcer, &["expiring"]);
    go(&clock, 30);
    says(&mut announcer, &["grace"]);
    go(&clock, 1);
    says(&mut announcer, &["lapsed"]);
    says(&mut licensing.control().announcer(), &["installed a", "lapsed"]);
}

#[test]
fn another_license_is_announced_with_its_phase_even_where_that_stays() {
    let vendor = vendor();
    let (licensing, clock) = licensing(&vendor);
    let mut announcer = licensing.control().announcer();
    vendor.license().plan("a").install(&licensing);
    says(&mut announcer, &["installed a", "active"]);
    vendor.license().plan("b").install(&licensing);
    says(&mut announcer, &["installed b", "active"]);
    // One that waits is announced when it takes over.
    let begins = START.saturating_add(DAY);
    vendor.license().plan("c").not_before(begins).install(&licensing);
    says(&mut announcer, &[]);
    go(&clock, 1);
    says(&mut announcer, &["installed c", "active"]);
    licensing.control().promote_next();
    says(&mut announcer, &[]);
}

#[test]
fn a_license_that_is_not_trusted_for_a_while_is_not_installed_anew() {
    let vendor = vendor();
    let (licensing, clock) = licensing(&vendor);
    vendor.license().plan("a").install(&licensing);
    let mut announcer = licensing.control().announcer();
    says(&mut announcer, &["installed a", "active"]);
    clock.set(START.saturating_sub(DAY * 2));
    says(&mut announcer, &["invalid"]);
    clock.set(START);
    says(&mut announcer, &["active"]);
}
