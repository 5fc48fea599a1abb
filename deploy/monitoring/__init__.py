"""What Prometheus and Grafana are given: alert rules and a dashboard, written by code so that both ask for the same.

python -m deploy.monitoring          writes deploy/prometheus/omnify.rules.yml and deploy/grafana/omnify.json
"""
