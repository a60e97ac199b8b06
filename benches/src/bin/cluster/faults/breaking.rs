//! What is broken.

use std::time::Duration;

use rand::{Rng, rngs::StdRng, seq::SliceRandom};
use tokio::time::sleep;

use super::{book::Book, site::Site};
use crate::{cluster::NODES, server::Server};

/// One or two things break, at once or one after the other, and are mended.
pub(super) async fn one_round(site: &Site, server: &Server, book: &Book, random: &mut StdRng) {
    let mut nodes: Vec<usize> = (0..NODES).collect();
    nodes.shuffle(random);
    let first =
        fault(site, server, book, nodes[0], random.gen_range(0..100), millis(random, 300..3500));
    let both = random.gen_bool(0.4);
    // One server: what it does is done by the first.
    let which = random.gen_range(0..80);
    let pause = millis(random, 0..1000);
    let second = fault(site, server, book, nodes[1], which, millis(random, 300..3500));
    let second = async {
        if both {
            sleep(pause).await;
            second.await;
        }
    };
    tokio::join!(first, second);
    sleep(millis(random, 100..1500)).await;
}

async fn fault(
    site: &Site,
    server: &Server,
    book: &Book,
    number: usize,
    which: u32,
    time: Duration,
) {
    match which {
        0..30 => {
            book.fault("killed");
            site.kill(number);
            sleep(time / 2).await;
            site.start_node(number).await;
            site.work(number).await;
        }
        30..55 => {
            let Some(node) = site.node(number) else { return };
            book.fault("paused");
            node.pause(true);
            sleep(time).await;
            node.pause(false);
        }
        55..80 => {
            book.fault("cut off");
            site.ways[number].cut_off();
            sleep(time).await;
            site.ways[number].mend();
        }
        _ => {
            book.fault("server stopped");
            server.crash().await;
            sleep(time).await;
            server.start_again().await;
        }
    }
}

fn millis(random: &mut StdRng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(random.gen_range(range))
}
