from crm.api.routers import Router
from service.api import configuration, knowledge, tickets

router = Router()
router.register("tickets", tickets.TicketViewSet)
router.register("ticket-messages", tickets.TicketMessageViewSet)
router.register("queues", configuration.QueueViewSet)
router.register("agents", configuration.AgentViewSet)
router.register("business-hours", configuration.BusinessHoursViewSet)
router.register("sla-policies", configuration.SLAPolicyViewSet)
router.register("canned-replies", knowledge.CannedReplyViewSet)
router.register("articles", knowledge.ArticleViewSet)
router.register("article-categories", knowledge.CategoryViewSet)
router.register("survey-answers", knowledge.SurveyAnswerViewSet)

urlpatterns = router.urls
