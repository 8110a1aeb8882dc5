namespace SimCLR.Core.Methods;

/// <summary>A method that a function makes.</summary>
/// <param name="Make">Makes it around networks that are made already.</param>
public sealed record FunctionMethodSpec(Func<MethodContext, IMethod> Make) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context) => Make(context);
}
