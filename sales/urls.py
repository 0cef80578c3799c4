from crm.api.routers import Router
from sales.api import leads, opportunities, orders, pipelines, products

router = Router()
router.register("leads", leads.LeadViewSet)
router.register("opportunities", opportunities.OpportunityViewSet)
router.register("opportunity-lines", opportunities.OpportunityLineViewSet)
router.register("stage-changes", opportunities.StageChangeViewSet)
router.register("products", products.ProductViewSet)
router.register("orders", orders.OrderViewSet)
router.register("order-lines", orders.OrderLineViewSet)
router.register("pipelines", pipelines.PipelineViewSet)
router.register("stages", pipelines.StageViewSet)
router.register("loss-reasons", pipelines.LossReasonViewSet)
router.register("exchange-rates", pipelines.ExchangeRateViewSet)

urlpatterns = router.urls
