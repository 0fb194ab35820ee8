//! Certificates → alerts on their expiry. Uses `model`.

use super::{Context, found_or_elsewhere};
use crate::model::alert::Watch;
use crate::model::{Alert, Fact, Model};
use crate::tree::Text;

/// Words of metrics about certificates, and words for their end: one of each tells of an expiry.
///
/// <https://cert-manager.io/docs/devops-tips/prometheus-metrics/>, `probe_ssl_earliest_cert_expiry` of the blackbox
/// exporter, `x509_cert_not_after`, `ssl_certificate_expires_in_seconds`, `DaysToExpiry` of ACM
/// (<https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html>),
/// `uptime_check/time_until_ssl_cert_expires` of Google Cloud.
const ABOUT: &[&str] = &["cert", "ssl", "tls", "x509"];
const END: &[&str] = &[
    "expir",
    "not_after",
    "notafter",
    "not_valid",
    "days_until",
    "days_left",
    "remaining",
    "validity",
    "renewal",
    "ready_status",
];

/// Says of every certificate whether an alert tells before it expires. That is only asked where something here alerts.
pub(super) fn judge(model: &mut Model, context: &Context<'_>) {
    let mut alerts = model.alerts.iter().filter(|alert| alert.place.environment.production && !alert.place.library);
    if alerts.clone().next().is_none() && context.external.alerts.is_none() {
        return;
    }
    let telling = alerts.find(|alert| tells(alert)).map(|alert| alert.place.span);
    for certificate in &mut model.certificates {
        let fact = found_or_elsewhere(telling, "alerts", context.external.alerts.as_ref());
        certificate.expiry_alerted = Fact { span: fact.span.or(Some(certificate.place.span)), ..fact };
    }
}

fn tells(alert: &Alert) -> bool {
    let series = alert.watches.iter().filter_map(Watch::metric);
    let query = alert.expression.value().filter(|_| alert.source == "datadog");
    series.chain(&alert.metrics).chain(query).any(is_expiry)
}

fn is_expiry(metric: &Text) -> bool {
    let lower = metric.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    lower == "daystoexpiry" || has(ABOUT) && has(END)
}

#[cfg(test)]
mod tests {
    use super::is_expiry;

    #[test]
    fn metrics_of_expiry_are_told() {
        for metric in [
            "certmanager_certificate_expiration_timestamp_seconds",
            "probe_ssl_earliest_cert_expiry",
            "x509_cert_not_after",
            "DaysToExpiry",
            "certmanager_certificate_ready_status",
            "monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires",
            "traefik_tls_certs_not_after",
            "nginx_ingress_controller_ssl_expire_time_seconds",
            "envoy_server_days_until_first_cert_expiring",
        ] {
            assert!(is_expiry(&metric.into()), "{metric}");
        }
        for metric in ["redis_expired_keys_total", "certmanager_http_acme_client_request_count", "tls_handshakes_total"]
        {
            assert!(!is_expiry(&metric.into()), "{metric}");
        }
    }
}
