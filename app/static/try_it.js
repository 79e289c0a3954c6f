// Starts Swagger UI; requests of somebody who is signed in carry the page's guard against forgery.
const root = document.getElementById("swagger-ui");
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  requestInterceptor: (request) => {
    if (root.dataset.csrf) request.headers["X-CSRF-Token"] = root.dataset.csrf;
    return request;
  },
});
