"""The URLs of signing in: OAuth under /o/, its documents at the root, and pages under /account/.

The toolkit finds its endpoints by the names in the namespace `oauth2_provider`; a slash at their end is optional.
"""

from django.urls import include, path, re_path
from django.views.generic import RedirectView
from oauth2_provider import views as toolkit

from crm.auth import pages, registration, views

oauth = [
    re_path(r"^authorize/?$", views.AuthorizationView.as_view(), name="authorize"),
    re_path(r"^token/?$", views.TokenView.as_view(), name="token"),
    re_path(r"^revoke_token/?$", views.RevocationView.as_view(), name="revoke-token"),
    re_path(r"^introspect/?$", views.IntrospectionView.as_view(), name="introspect"),
    re_path(r"^device-authorization/?$", views.DeviceAuthorizationView.as_view(), name="device-authorization"),
    re_path(r"^device/?$", pages.device, name="device"),
    re_path(r"^userinfo/?$", views.UserInfoView.as_view(), name="user-info"),
    re_path(r"^logout/?$", toolkit.RPInitiatedLogoutView.as_view(), name="rp-initiated-logout"),
    re_path(r"^register/?$", registration.RegistrationView.as_view(), name="dcr-register"),
    path(
        "register/<str:client_id>/",
        registration.ManagementView.as_view(),
        name="dcr-register-management",
    ),
]
documents = [
    path("oauth-authorization-server", views.ServerMetadataView.as_view(), name="oauth-server-metadata"),
    path("openid-configuration", toolkit.ConnectDiscoveryInfoView.as_view(), name="oidc-connect-discovery-info"),
    path("jwks.json", views.JwksView.as_view(), name="jwks-info"),
    re_path(
        r"^oauth-protected-resource(?:/api/v1)?$",
        toolkit.OAuthProtectedResourceMetadataView.as_view(),
        name="oauth-resource-metadata",
    ),
]
urlpatterns = [
    path("", include(([path("o/", include(oauth)), path(".well-known/", include(documents))], "oauth2_provider"))),
    path("account/", RedirectView.as_view(pattern_name="grants"), name="account"),
    path("account/sign-in", pages.SignInView.as_view(), name="sign-in"),
    path("account/sign-out", pages.SignOutView.as_view(), name="sign-out"),
    path("account/password", pages.change_password, name="change-password"),
    path("account/password/changed", pages.password_changed, name="password-changed"),
    path("account/applications", pages.grants, name="grants"),
    path("account/applications/<int:number>/withdraw", pages.withdraw, name="withdraw"),
]
