//! What licensing costs a service that is asked over sockets: `sockets
//! [ROUNDS [SECONDS]]` prints a table, by default of twelve rounds with five
//! seconds for each service. `sockets serve NAME` is one of the services.

use std::process::ExitCode;

use license_benches::sockets;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if let (Some("serve"), Some(name)) = (first.as_deref(), arguments.next()) {
        sockets::serve(&name);
        return ExitCode::SUCCESS;
    }
    let mut numbers = std::env::args().skip(1).map(|text| text.parse());
    let (Ok(rounds), Ok(seconds)) =
        (numbers.next().unwrap_or(Ok(12)), numbers.next().unwrap_or(Ok(5)))
    else {
        eprintln!("usage: sockets [ROUNDS [SECONDS]]");
        return ExitCode::from(2);
    };
    let Some(report) = sockets::report(rounds, seconds as u64) else {
        eprintln!("wrk or taskset is not installed; on Debian: apt-get install wrk util-linux");
        return ExitCode::from(3);
    };
    print!("{report}");
    ExitCode::SUCCESS
}
