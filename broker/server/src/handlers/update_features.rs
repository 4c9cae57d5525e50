//! UpdateFeatures (57): switches features on and off in the whole cluster (KIP-584, KIP-1022).

use klamm_model::ErrorCode;
use klamm_wire::messages::update_features::{
    FeatureUpdateKey, UpdatableFeatureResult, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

use crate::error_code::KafkaError;
use crate::features::feature;
use crate::{Broker, RequestContext};

/// What may happen to a level (`org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType`).
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

/// The last version with an answer for each feature.
const LAST_WITH_RESULTS: i16 = 1;

/// Accepts what is so already; all features are changed or none.
pub(crate) async fn handle(
    _broker: &Broker,
    ctx: &RequestContext,
    request: UpdateFeaturesRequest,
) -> UpdateFeaturesResponse {
    let checked = request.feature_updates.iter().try_for_each(|update| check(update, ctx.api_version));
    let (error_code, error_message) = match checked {
        Ok(()) => (ErrorCode::None.as_i16(), None),
        Err(error) => (error.code.as_i16(), Some(error.message)),
    };
    if ctx.api_version > LAST_WITH_RESULTS {
        return UpdateFeaturesResponse { error_code, error_message, ..UpdateFeaturesResponse::default() };
    }
    let results = request.feature_updates.into_iter().map(|update| UpdatableFeatureResult {
        feature: update.feature,
        error_code,
        error_message: error_message.clone(),
    });
    UpdateFeaturesResponse { results: results.collect(), ..UpdateFeaturesResponse::default() }
}

fn check(update: &FeatureUpdateKey, version: i16) -> Result<(), KafkaError> {
    let refused = |why: String| {
        let FeatureUpdateKey { feature, max_version_level: level, .. } = update;
        let text = format!("nothing was changed: {feature} can't be set to level {level}: {why}");
        Err(KafkaError::new(ErrorCode::InvalidUpdateVersion, text))
    };
    let kind = match version {
        0 if update.allow_downgrade => SAFE_DOWNGRADE,
        0 => UPGRADE,
        _ => update.upgrade_type,
    };
    if !(UPGRADE..=UNSAFE_DOWNGRADE).contains(&kind) {
        return refused(format!("{kind} is no type of upgrade"));
    }
    let Some(known) = feature(&update.feature) else { return refused("there is no such feature".to_owned()) };
    let level = update.max_version_level;
    if level == known.finalized {
        return Ok(());
    }
    if !(known.min..=known.max).contains(&level) {
        return refused(format!("this release has levels {} to {}", known.min, known.max));
    }
    refused(format!("it has level {}, which can't be changed in this release", known.finalized))
}
