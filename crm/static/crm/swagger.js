const place = document.getElementById("document");
const ui = SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  oauth2RedirectUrl: new URL(place.dataset.redirect, location.href).href,
  deepLinking: true,
  filter: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
ui.initOAuth({ usePkceWithAuthorizationCodeGrant: true });
