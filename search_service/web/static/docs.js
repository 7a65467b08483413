// Starts Swagger UI on our own document. validatorUrl: null keeps it from asking a server outside.
"use strict";
SwaggerUIBundle({
  url: document.getElementById("swagger-ui").dataset.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
