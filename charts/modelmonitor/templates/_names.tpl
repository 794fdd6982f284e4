{{/* The name of everything that belongs to a release. */}}
{{- define "modelmonitor.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "modelmonitor.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "modelmonitor.name" .) -}}
{{- end -}}

{{/* A cluster-wide name: two releases of one name may be in two namespaces. */}}
{{- define "modelmonitor.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "modelmonitor.name" .) -}}
{{- end -}}

{{- define "modelmonitor.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "modelmonitor.labels" -}}
{{ include "modelmonitor.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
