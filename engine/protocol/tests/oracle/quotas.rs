//! DescribeClientQuotas, AlterClientQuotas.

use crate::body::{compare, text, versions};
use crate::samples::quotas as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse,
};
use headwater_protocol::messages::describe_client_quotas::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse,
};
use kafka_protocol::messages as theirs;

#[test]
fn describe_client_quotas_request() {
    use theirs::describe_client_quotas_request as request;
    for version in versions(ApiKey::DescribeClientQuotas) {
        let component = request::ComponentData::default()
            .with_entity_type(text("entity type"))
            .with_match_type(4)
            .with_match(Some(text("alice")));
        let theirs = theirs::DescribeClientQuotasRequest::default()
            .with_components(vec![component, request::ComponentData::default().with_match(None)])
            .with_strict(true);
        compare(version, &samples::describe_client_quotas_request(), &theirs);
        compare(
            version,
            &DescribeClientQuotasRequest::default(),
            &theirs::DescribeClientQuotasRequest::default(),
        );
    }
}

#[test]
fn describe_client_quotas_response() {
    use theirs::describe_client_quotas_response as response;
    for version in versions(ApiKey::DescribeClientQuotas) {
        let entity = response::EntityData::default()
            .with_entity_type(text("entity type"))
            .with_entity_name(Some(text("entity name")));
        let value = response::ValueData::default().with_key(text("key")).with_value(4.5);
        let entry = response::EntryData::default()
            .with_entity(vec![entity, response::EntityData::default().with_entity_name(None)])
            .with_values(vec![value, response::ValueData::default()]);
        let theirs = theirs::DescribeClientQuotasResponse::default()
            .with_throttle_time_ms(3)
            .with_error_code(42)
            .with_error_message(Some(text("error message")))
            .with_entries(Some(vec![entry, response::EntryData::default()]));
        compare(version, &samples::describe_client_quotas_response(), &theirs);
        compare(
            version,
            &DescribeClientQuotasResponse::default(),
            &theirs::DescribeClientQuotasResponse::default()
                .with_error_message(None)
                .with_entries(None),
        );
    }
}

#[test]
fn alter_client_quotas_request() {
    use theirs::alter_client_quotas_request as request;
    for version in versions(ApiKey::AlterClientQuotas) {
        let entity = request::EntityData::default()
            .with_entity_type(text("entity type"))
            .with_entity_name(Some(text("entity name")));
        let op = request::OpData::default().with_key(text("key")).with_value(4.5).with_remove(true);
        let entry = request::EntryData::default()
            .with_entity(vec![entity, request::EntityData::default().with_entity_name(None)])
            .with_ops(vec![op, request::OpData::default()]);
        let theirs = theirs::AlterClientQuotasRequest::default()
            .with_entries(vec![entry, request::EntryData::default()])
            .with_validate_only(true);
        compare(version, &samples::alter_client_quotas_request(), &theirs);
        compare(
            version,
            &AlterClientQuotasRequest::default(),
            &theirs::AlterClientQuotasRequest::default(),
        );
    }
}

#[test]
fn alter_client_quotas_response() {
    use theirs::alter_client_quotas_response as response;
    for version in versions(ApiKey::AlterClientQuotas) {
        let entity = response::EntityData::default()
            .with_entity_type(text("entity type"))
            .with_entity_name(Some(text("entity name")));
        let entry = response::EntryData::default()
            .with_error_code(42)
            .with_error_message(Some(text("error message")))
            .with_entity(vec![entity, response::EntityData::default().with_entity_name(None)]);
        let theirs = theirs::AlterClientQuotasResponse::default()
            .with_throttle_time_ms(3)
            .with_entries(vec![entry, response::EntryData::default().with_error_message(None)]);
        compare(version, &samples::alter_client_quotas_response(), &theirs);
        compare(
            version,
            &AlterClientQuotasResponse::default(),
            &theirs::AlterClientQuotasResponse::default(),
        );
    }
}
