"""The two views: one decides within the request, the other sends a task for it."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.baselines.drf.celery import register_task
from bench.baselines.drf.registering import RegistrationSerializer, register


class LockView(APIView):
    """(b): everything under the event's row lock, before the answer."""

    def post(self, request: Request, event_id: int) -> Response:
        """Registers, and returns the decision."""
        serializer = RegistrationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        outcome = register(event_id, **serializer.validated_data)
        code = status.HTTP_201_CREATED if outcome["status"] == "confirmed" else status.HTTP_409_CONFLICT
        return Response(outcome, status=code)


class TaskView(APIView):
    """(c): one Celery task for each registration."""

    def post(self, request: Request, event_id: int) -> Response:
        """Sends the task and says its id."""
        serializer = RegistrationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = register_task.delay(event_id, **serializer.validated_data)
        return Response({"task_id": sent.id}, status=status.HTTP_202_ACCEPTED)
