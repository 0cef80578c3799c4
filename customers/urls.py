from django.urls import path

from crm.api.routers import Router
from customers import api, consents, relations_api
from customers.duplicates import DuplicateViewSet

router = Router()
router.register("customers", api.CustomerViewSet)
router.register("erasures", api.CertificateViewSet)
router.register("addresses", api.AddressViewSet)
router.register("interactions", api.InteractionViewSet)
router.register("relationships", relations_api.RelationshipViewSet)
router.register("relationship-types", relations_api.RelationshipTypeViewSet)
router.register("consents", consents.ConsentViewSet)
router.register("purposes", consents.PurposeViewSet)

urlpatterns = [
    path("customers/duplicates", DuplicateViewSet.as_view({"get": "list"}), name="duplicate-list"),
    path("duplicates/<uuid:pk>", DuplicateViewSet.as_view({"get": "retrieve"}), name="duplicate-detail"),
    path("duplicates/<uuid:pk>/dismiss", DuplicateViewSet.as_view({"post": "dismiss"}), name="duplicate-dismiss"),
    *router.urls,
]
