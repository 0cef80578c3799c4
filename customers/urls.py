from crm.api.routers import Router
from customers import api
from customers.duplicates import DuplicateViewSet

router = Router()
router.register("customers/duplicates", DuplicateViewSet)
router.register("customers", api.CustomerViewSet)
router.register("addresses", api.AddressViewSet)
router.register("interactions", api.InteractionViewSet)

urlpatterns = router.urls
