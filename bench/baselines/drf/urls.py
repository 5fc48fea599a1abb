"""Where the two baselines listen."""

from django.urls import path

from bench.baselines.drf.views import LockView, TaskView

urlpatterns = [
    path("lock/<int:event_id>", LockView.as_view()),
    path("task/<int:event_id>", TaskView.as_view()),
]
