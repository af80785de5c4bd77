# Distributions of matrices, transforms onto constraints, divergences between families.
import torch
import torch.distributions as D

T = torch.tensor
low = D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2, 1), torch.ones(2))
print("%.4f %.4f" % (low.log_prob(torch.zeros(2)), low.entropy()), low.variance)  # expect: -2.3872 3.3872 tensor([2., 2.])
full = D.MultivariateNormal(torch.zeros(2), low.covariance_matrix)
print(abs(D.kl_divergence(low, full).item()) < 1e-5, abs(D.kl_divergence(full, low).item()) < 1e-5)  # expect: True True
lkj = D.LKJCholesky(3, 0.5)
torch.manual_seed(0)
x = lkj.sample((2,))
print(lkj, x.shape, torch.allclose(x.pow(2).sum(-1), torch.ones(2, 3)))  # expect: LKJCholesky(concentration: 0.5) torch.Size([2, 3, 3]) True
wishart = D.Wishart(T(3.0), torch.eye(2))
print(wishart.mean.tolist(), wishart.variance.tolist(), "%.4f" % wishart.entropy())  # expect: [[3.0, 0.0], [0.0, 3.0]] [[6.0, 3.0], [3.0, 6.0]] 5.5310
to = D.transform_to(D.constraints.corr_cholesky)
v = T([0.3, -0.2, 0.5])
print(to, torch.allclose(to.inv(to(v)), v, atol=1e-5), to.forward_shape((3,)))  # expect: CorrCholeskyTransform() True (3, 3)
print("%.4f %.4f" % (D.kl_divergence(D.Normal(0.0, 1.0), D.Gumbel(0.0, 1.0)), D.kl_divergence(D.Uniform(0.1, 0.9), D.Beta(2.0, 3.0))))  # expect: 0.2298 0.2304
print(D.kl_divergence(D.Normal(0.0, 1.0), D.Uniform(0.0, 1.0)), D.Normal)  # expect: tensor(inf) <class 'torch.distributions.normal.Normal'>
