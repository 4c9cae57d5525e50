//! Runs a broker with the defaults but for the data directory and the address: `serve DIR HOST:PORT`.
use klamm_server::{ServerOptions, logging};
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let data_dir = args.next().unwrap_or_else(|| "klamm-data".to_owned()).into();
    let kafka_address = args.next().unwrap_or_else(|| "127.0.0.1:9092".to_owned());
    logging::init(None, logging::LogFormat::Text)?;
    let settings = args
        .filter_map(|arg| arg.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    klamm_server::run(ServerOptions {
        data_dir,
        kafka_address,
        http_address: Some("127.0.0.1:0".into()),
        grpc_address: Some("127.0.0.1:0".into()),
        settings,
        ..ServerOptions::default()
    })?;
    Ok(())
}
