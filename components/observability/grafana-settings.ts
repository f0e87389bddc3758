import type { Duration } from "../../services/duration.ts";
import { prometheusUid } from "./dashboard.ts";
import { promqlDuration } from "./queries.ts";

/**
 * Settings of Grafana by its environment. Whoever reaches it looks without logging in and changes nothing; there is no
 * administrator. It calls nobody outside: no reports, no updates, no plugins, no pictures.
 */
export const grafanaEnv: Record<string, string> = {
  GF_AUTH_ANONYMOUS_ENABLED: "true",
  GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
  GF_AUTH_DISABLE_LOGIN_FORM: "true",
  GF_AUTH_BASIC_ENABLED: "false",
  GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_ANALYTICS_FEEDBACK_LINKS_ENABLED: "false",
  GF_NEWS_NEWS_FEED_ENABLED: "false",
  GF_SECURITY_DISABLE_GRAVATAR: "true",
  GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true",
  GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
};

/**
 * Grafana's file of data sources.
 *
 * @param scrapeInterval how often Prometheus reads, by which Grafana chooses the span of a rate; undefined for one of which
 *   that is not known, where Grafana takes 15 s
 */
export function dataSources(
  prometheusUrl: string,
  scrapeInterval: Duration | undefined,
  jaegerUrl: string | undefined,
) {
  const readOnly = { access: "proxy", editable: false };
  const prometheus = {
    name: "Prometheus",
    type: "prometheus",
    uid: prometheusUid,
    url: prometheusUrl,
    isDefault: true,
    ...(scrapeInterval !== undefined && { jsonData: { timeInterval: promqlDuration(scrapeInterval) } }),
  };
  const jaeger = jaegerUrl === undefined ? [] : [{ name: "Jaeger", type: "jaeger", uid: "jaeger", url: jaegerUrl }];
  return { apiVersion: 1, datasources: [prometheus, ...jaeger].map((source) => ({ ...source, ...readOnly })) };
}

/** Grafana's file of folders that it takes dashboards from. */
export const dashboardFolder = {
  apiVersion: 1,
  providers: [{ name: "linly-mesh", type: "file", options: { path: "/etc/grafana/dashboards" } }],
} as const;
