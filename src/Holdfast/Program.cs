using Holdfast.Kernel;
using Holdfast.Serve;
using Holdfast.Ui;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddUi();
var app = builder.Build();
app.UseEmbeddedAssets();
app.Use((context, next) =>
{
    context.SetPrincipal(new Principal(Principal.DefaultWorkspaceId, "local", Role.Admin));
    return next(context);
});
app.MapUi();
await app.RunAsync();
return 0;
