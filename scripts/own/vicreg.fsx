// VICReg's loss (Bardes et al. 2022, 2105.04906, section 4.1), written as anybody can write a loss: in a file of its own, so that the sweep which
// loads it can change without what it has computed being asked about.
open SimCLR
open TorchSharp

let private centred (z: torch.Tensor) = z - z.mean ([| 0L |], keepdim = true)

/// How far each dimension's deviation is below 1.
let private variance (z: torch.Tensor) =
    let variance = (centred z).square().sum(0L) / float (z.shape[0] - 1L)
    (1.0 - (variance + 1e-4).sqrt()).relu().mean()

/// The squared covariances of different dimensions.
let private covariance (z: torch.Tensor) =
    let z = centred z
    let c = z.t().mm(z) / float (z.shape[0] - 1L)
    (c.square().sum() - c.diagonal().square().sum()) / float z.shape[1]

let vicReg =
    Loss.Define(
        "vicreg",
        1,
        [ "invariance", 25.0; "variance", 25.0; "covariance", 1.0 ],
        fun weight a b ->
            weight["invariance"] * (a - b).square().mean()
            + weight["variance"] * (variance a + variance b) / 2.0
            + weight["covariance"] * (covariance a + covariance b)
    )
