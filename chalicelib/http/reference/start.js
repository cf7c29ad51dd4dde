// Shows the description that this very server serves.
const place = document.getElementById("reference");

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.description,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  displayOperationId: true,
  filter: true,
  // A badge of somebody else's server.
  validatorUrl: null,
});
