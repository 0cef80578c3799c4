"""The API's documents, served by the installation itself."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_document_is_yaml_unless_json_is_asked_for(client: Client) -> None:
    text = client.get("/api/schema")
    known = yaml.load(text.content, yaml.CSafeLoader)
    assert known["openapi"] == "3.1.0"
    assert client.get("/api/schema?format=json").json() == known
    assert client.get("/api/schema", headers={"Accept": "application/json"}).json()["openapi"] == "3.1.0"


def test_the_document_speaks_the_readers_language(client: Client) -> None:
    answer = client.get("/api/schema?format=json", headers={"Accept-Language": "zh-hans"})
    assert answer.headers["Content-Language"] == "zh-hans"
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/api/docs", "/api/redoc"])
def test_the_pages_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "http" not in answer.content.decode().replace("http-equiv", "")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_the_problems_page_explains_every_problem(client: Client) -> None:
    text = client.get("/api/problems").content.decode()
    assert '<tr id="rule_broken"><td>422</td>' in text


def test_an_address_of_the_api_that_is_none_is_a_problem_for_every_method() -> None:
    client = Client(enforce_csrf_checks=True)
    for call in (client.get, client.post, client.delete):
        answer = call("/api/v1/nothing")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.fixture
def collection(client: Client) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/api/postman.json").json()
    return content


def test_the_postman_collection_signs_in_with_variables(collection: dict[str, Any]) -> None:
    values = {item["key"]: item["value"] for item in collection["variable"]}
    auth = {item["key"]: item["value"] for item in collection["auth"]["oauth2"]}
    assert values["base_url"] == settings.BASE_URL
    assert auth["accessTokenUrl"] == "{{base_url}}/o/token/"
    assert (auth["clientId"], auth["clientSecret"]) == ("{{client_id}}", "{{client_secret}}")


def test_the_postman_collection_has_every_operation(client: Client, collection: dict[str, Any]) -> None:
    paths = client.get("/api/schema?format=json").json()["paths"]
    requests = [item["request"] for folder in collection["item"] for item in folder["item"]]
    assert len(requests) == sum(len(item) for item in paths.values())
    assert all(request["url"]["raw"].startswith("{{base_url}}/api/v1") for request in requests)


def test_a_request_of_the_postman_collection_creates_a_customer(
    api_client: Any, integration: Any, collection: dict[str, Any]
) -> None:
    folder = next(item for item in collection["item"] if item["name"] == "Customers")
    request = next(item["request"] for item in folder["item"] if item["name"] == "Create customer")
    path = request["url"]["raw"].removeprefix("{{base_url}}")
    answer = api_client(integration, "customers:write").post(path, request["body"]["raw"])
    assert answer.status_code == 201, answer.content
