from crm.api.routers import Router
from sales.api import assignment, forms, leads, opportunities, orders, pipelines, products, scoring

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
router.register("lead-forms", forms.LeadFormViewSet)
router.register("lead-score-rules", scoring.ScoreRuleViewSet)
router.register("lead-assignment-rules", assignment.AssignmentRuleViewSet)

urlpatterns = router.urls
