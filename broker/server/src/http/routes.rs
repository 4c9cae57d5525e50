//! What HTTP answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::json;
use tracing::error;

use crate::Broker;
use crate::readiness::Readiness;

/// Prometheus's text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn router(broker: Arc<Broker>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .fallback(elsewhere)
        .with_state(broker)
}

async fn metrics(State(broker): State<Arc<Broker>>) -> Response {
    match broker.metrics.render(&broker) {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS)], text).into_response(),
        Err(error) => {
            error!(%error, "the metrics could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}

/// The process answers: that is all a liveness probe may ask, because a restart heals nothing else.
async fn livez() -> Response {
    answer(StatusCode::OK, &json!({ "live": true }))
}

async fn readyz(State(broker): State<Arc<Broker>>) -> Response {
    let readiness = Readiness::of(&broker);
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, &readiness)
}

async fn elsewhere() -> Response {
    let body = json!({ "error": "nothing is here", "try": ["/metrics", "/livez", "/readyz"] });
    answer(StatusCode::NOT_FOUND, &body)
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
