//! IncrementalAlterConfigs, AlterConfigs, ListConfigResources.

use crate::body::{compare, text, versions};
use crate::samples::alter_configs as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::alter_configs::{AlterConfigsRequest, AlterConfigsResponse};
use headwater_protocol::messages::incremental_alter_configs::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use headwater_protocol::messages::list_config_resources::{
    ListConfigResourcesRequest, ListConfigResourcesResponse,
};
use kafka_protocol::messages as theirs;

#[test]
fn incremental_alter_configs_request() {
    use theirs::incremental_alter_configs_request as request;
    for version in versions(ApiKey::IncrementalAlterConfigs) {
        let config = request::AlterableConfig::default()
            .with_name(text("retention.ms"))
            .with_config_operation(4)
            .with_value(Some(text("value")));
        let resource = request::AlterConfigsResource::default()
            .with_resource_type(3)
            .with_resource_name(text("resource name"))
            .with_configs(vec![config, request::AlterableConfig::default().with_value(None)]);
        let theirs = theirs::IncrementalAlterConfigsRequest::default()
            .with_resources(vec![resource, request::AlterConfigsResource::default()])
            .with_validate_only(true);
        compare(version, &samples::incremental_alter_configs_request(), &theirs);
        compare(
            version,
            &IncrementalAlterConfigsRequest::default(),
            &theirs::IncrementalAlterConfigsRequest::default(),
        );
    }
}

#[test]
fn incremental_alter_configs_response() {
    use theirs::incremental_alter_configs_response as response;
    for version in versions(ApiKey::IncrementalAlterConfigs) {
        let resource = response::AlterConfigsResourceResponse::default()
            .with_error_code(40)
            .with_error_message(Some(text("error message")))
            .with_resource_type(5)
            .with_resource_name(text("resource name"));
        let theirs = theirs::IncrementalAlterConfigsResponse::default()
            .with_throttle_time_ms(3)
            .with_responses(vec![
                resource,
                response::AlterConfigsResourceResponse::default().with_error_message(None),
            ]);
        compare(version, &samples::incremental_alter_configs_response(), &theirs);
        compare(
            version,
            &IncrementalAlterConfigsResponse::default(),
            &theirs::IncrementalAlterConfigsResponse::default(),
        );
    }
}

#[test]
fn alter_configs_request() {
    use theirs::alter_configs_request as request;
    for version in versions(ApiKey::AlterConfigs) {
        let config = request::AlterableConfig::default()
            .with_name(text("retention.ms"))
            .with_value(Some(text("value")));
        let resource = request::AlterConfigsResource::default()
            .with_resource_type(3)
            .with_resource_name(text("resource name"))
            .with_configs(vec![config, request::AlterableConfig::default().with_value(None)]);
        let theirs = theirs::AlterConfigsRequest::default()
            .with_resources(vec![resource, request::AlterConfigsResource::default()])
            .with_validate_only(true);
        compare(version, &samples::alter_configs_request(), &theirs);
        compare(version, &AlterConfigsRequest::default(), &theirs::AlterConfigsRequest::default());
    }
}

#[test]
fn alter_configs_response() {
    use theirs::alter_configs_response as response;
    for version in versions(ApiKey::AlterConfigs) {
        let resource = response::AlterConfigsResourceResponse::default()
            .with_error_code(40)
            .with_error_message(Some(text("error message")))
            .with_resource_type(5)
            .with_resource_name(text("resource name"));
        let theirs =
            theirs::AlterConfigsResponse::default().with_throttle_time_ms(3).with_responses(vec![
                resource,
                response::AlterConfigsResourceResponse::default().with_error_message(None),
            ]);
        compare(version, &samples::alter_configs_response(), &theirs);
        compare(
            version,
            &AlterConfigsResponse::default(),
            &theirs::AlterConfigsResponse::default(),
        );
    }
}

#[test]
fn list_config_resources_request() {
    for version in versions(ApiKey::ListConfigResources) {
        let mut theirs = theirs::ListConfigResourcesRequest::default();
        if version >= 1 {
            theirs.resource_types = vec![3, 7];
        }
        compare(version, &samples::list_config_resources_request(), &theirs);
        compare(
            version,
            &ListConfigResourcesRequest::default(),
            &theirs::ListConfigResourcesRequest::default(),
        );
    }
}

#[test]
fn list_config_resources_response() {
    use theirs::list_config_resources_response as response;
    for version in versions(ApiKey::ListConfigResources) {
        let mut resource =
            response::ConfigResource::default().with_resource_name(text("resource name"));
        if version >= 1 {
            resource.resource_type = 4;
        }
        let theirs = theirs::ListConfigResourcesResponse::default()
            .with_throttle_time_ms(3)
            .with_error_code(42)
            .with_config_resources(vec![resource, response::ConfigResource::default()]);
        compare(version, &samples::list_config_resources_response(), &theirs);
        compare(
            version,
            &ListConfigResourcesResponse::default(),
            &theirs::ListConfigResourcesResponse::default(),
        );
    }
}
