from crm.api.routers import Router
from customers import api

router = Router()
router.register("customers", api.CustomerViewSet)
router.register("addresses", api.AddressViewSet)
router.register("interactions", api.InteractionViewSet)

urlpatterns = router.urls
