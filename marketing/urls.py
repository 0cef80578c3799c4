from crm.api.routers import Router
from marketing.api import campaigns, segments, suppressions, templates

router = Router()
router.register("segments", segments.SegmentViewSet)
router.register("templates", templates.TemplateViewSet)
router.register("campaigns", campaigns.CampaignViewSet)
router.register("campaign-members", campaigns.CampaignMemberViewSet)
router.register("suppressions", suppressions.SuppressionViewSet)

urlpatterns = router.urls
