from crm.api.routers import Router
from marketing.api import segments

router = Router()
router.register("segments", segments.SegmentViewSet)

urlpatterns = router.urls
